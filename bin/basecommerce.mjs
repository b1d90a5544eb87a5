#!/usr/bin/env node
import { runProgram } from '../tools/launch/program.mjs';

await runProgram('basecommerce', 'dist/apps/basecommerce/main.js');
