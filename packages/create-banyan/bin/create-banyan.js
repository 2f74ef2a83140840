#!/usr/bin/env node
// Here and not in dist, so that it can be linked before anything is built.
import '../dist/main.js'
