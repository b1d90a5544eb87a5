export { type Invocation, parseCommandLine, usageErrors } from './command-line.js';
export { columns, overviewOf, printed, printedProblem, usageOf } from './print.js';
