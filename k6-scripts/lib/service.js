// What is asked of the service, and what every request of ours carries with it.
// Everything comes in through __ENV; `hosts` and TLS are merged in by the wrapper (see around.js).
import http from 'k6/http';
import exec from 'k6/execution';
import { Counter, Trend } from 'k6/metrics';

const timeoutMs = Number(__ENV.STALLWATCH_TIMEOUT_S) * 1000;
export const durationMs = Number(__ENV.STALLWATCH_DURATION_S) * 1000;
export const vus = Number(__ENV.STALLWATCH_VUS);

const seconds = (ms) => `${Math.ceil(ms / 1000)}s`;
export const grace = seconds(timeoutMs + 1000);
export const longest = seconds(durationMs + timeoutMs + 1000);

// In-flight requests leave no sample when k6 is interrupted: counting starts tells how many there were.
const started = new Counter('stallwatch_started');
// Where k6 knows no time (every phase 0: refused, black hole, TLS failure), the script's clock does.
const clock = new Trend('stallwatch_clock_ms', true);

const params = (endpoint, extra) => ({
  headers: Object.assign({}, endpoint.headers, extra),
  timeout: timeoutMs,
  redirects: 0,
  responseCallback: http.expectedStatuses(endpoint.expect_status),
  tags: { name: endpoint.name },
});
const endpoints = JSON.parse(__ENV.STALLWATCH_ENDPOINTS).map((endpoint) =>
  Object.assign(endpoint, { kept: params(endpoint, {}), fresh: params(endpoint, { Connection: 'close' }) }),
);
const weight = endpoints.reduce((sum, endpoint) => sum + endpoint.weight, 0);
let below = 0;
for (const endpoint of endpoints) {
  below += endpoint.weight;
  endpoint.upTo = below / weight;
}

// Multiples of the golden ratio, modulo 1: after n requests each endpoint's share is off by about log(n) / n,
// none is left out for long, and unlike a fixed rota it has no period that could be taken for a stall's.
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const chosen = (number) => endpoints.find((endpoint) => (number * GOLDEN) % 1 < endpoint.upTo);

// `serial` travels as metadata of this request's samples, and of its clock: it joins the two.
const mark = (serial) => {
  exec.vu.metrics.metadata.serial = serial;
};

function begin(letter, number) {
  mark(`${letter}${number}`);
  started.add(1);
  return { endpoint: chosen(number), serial: `${letter}${number}`, beganMs: Date.now() };
}

function end({ endpoint, serial, beganMs }, response) {
  if (response.status === 0 && response.timings.blocked + response.timings.duration === 0) {
    mark(serial);
    clock.add(Math.max(0.5, Date.now() - beganMs)); // ticks in ms: less than a tick is half a tick
  }
  return response.status === endpoint.expect_status;
}

// Sends the request of this number over a kept connection or (`kind` fresh) a new one, and waits for its end;
// tells whether the status was the expected one.
export function ask(letter, number, kind) {
  const asked = begin(letter, number);
  const { method, url, body } = asked.endpoint;
  return end(asked, http.request(method, url, body, asked.endpoint[kind]));
}

// The same without waiting: gives a promise.
export function askMeanwhile(letter, number, kind) {
  const asked = begin(letter, number);
  const { method, url, body } = asked.endpoint;
  return http.asyncRequest(method, url, body, asked.endpoint[kind]).then((response) => end(asked, response));
}
