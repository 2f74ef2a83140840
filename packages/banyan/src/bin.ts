#!/usr/bin/env node
import '@banyan/cli/main'
