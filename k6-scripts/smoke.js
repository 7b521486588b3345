// Smoke: a small constant load for some minutes, half over kept connections and half over new ones.
export { fresh, kept, options } from './lib/open.js';
export default function () {}
