export { type CreatedProject, createProject, type ProjectOptions } from './create-project.js'
export { nameProblem, projectName } from './project-name.js'
