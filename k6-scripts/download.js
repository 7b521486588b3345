// Download: a closed model. Each VU takes one response after the other over its own kept connection; one
// request an iteration, so that the iteration's bytes, which carry the request's serial, are the request's.
import exec from 'k6/execution';
import { sleep } from 'k6';
import { ask, durationMs, grace, vus } from './lib/service.js';

export const options = {
  discardResponseBodies: true,
  rps: Math.floor(Number(__ENV.STALLWATCH_MAX_RATE_PER_S)), // small responses make no flood
  scenarios: {
    download: {
      executor: 'constant-vus',
      exec: 'download',
      vus,
      duration: `${durationMs}ms`,
      gracefulStop: grace,
    },
  },
};

export function download() {
  const good = ask('d', exec.scenario.iterationInTest, 'kept');
  if (!good) sleep(1); // what fails at once is not hammered
}
export default function () {}
