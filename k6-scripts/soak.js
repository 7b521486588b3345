// Soak: the constant load of smoke, for hours.
export { fresh, kept, options } from './lib/open.js';
export default function () {}
