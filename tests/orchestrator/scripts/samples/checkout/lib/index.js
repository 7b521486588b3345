export * from './metrics.js';
export { default as Client } from './client.js';
