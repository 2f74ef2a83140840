export { type CreatedProject, createProject, type ProjectOptions } from './create-project.js'
export { appName, nameProblem, projectName } from './project-name.js'
