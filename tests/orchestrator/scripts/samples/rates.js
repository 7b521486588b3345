import http from 'k6/http';

export const options = {
  scenarios: {
    readers: {
      executor: 'constant-arrival-rate',
      exec: 'read',
      rate: 30,
      timeUnit: '1s',
      duration: '1s',
      preAllocatedVUs: 5,
      maxVUs: 10,
      tags: { team: 'web' },
    },
    spike: {
      executor: 'ramping-arrival-rate',
      exec: 'read',
      startRate: 5,
      timeUnit: '1s',
      preAllocatedVUs: 5,
      startTime: '200ms',
      stages: [
        { target: 40, duration: '500ms' },
        { target: 0, duration: '300ms' },
      ],
      env: { PAGE: '/spike' },
    },
    writers: { executor: 'per-vu-iterations', exec: 'write', vus: 2, iterations: 5, maxDuration: '5s' },
    watcher: { executor: 'constant-vus', exec: 'watch', vus: 1, duration: '1s', gracefulStop: '0s' },
  },
  thresholds: {
    'http_req_duration{scenario:readers}': ['p(99.5)<0.001', 'avg<10000'],
    'http_reqs{scenario:writers}': ['count>=10'],
    dropped_iterations: ['count<1000'],
  },
};

export function read() {
  http.get(`http://shop.test${__ENV.PAGE || '/products'}`);
}

export function write() {
  http.put('http://shop.test/cart', JSON.stringify({ id: __VU, n: __ITER }));
}

export function watch() {
  http.get('http://shop.test/status/204');
}
