// Load: the two halves of smoke, with a rate that ramps up, holds, and ramps down.
export { fresh, kept, options } from './lib/open.js';
export default function () {}
