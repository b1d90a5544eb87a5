export { type Invocation, parseCommandLine } from './command-line.js';
export { columns, overviewOf, printed, printedProblem, usageOf } from './print.js';
