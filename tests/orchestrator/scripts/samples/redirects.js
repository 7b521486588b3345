import http from 'k6/http';
import { check } from 'k6';

export const options = {
  vus: 1,
  iterations: 5,
  systemTags: ['url', 'ip'],
  // Somebody once put these in for a test on staging.
  hosts: { 'shop.test:80': '192.0.2.1', 'SHOP.test': '192.0.2.2', 'cdn.test': `${__ENV.CDN}`, '*.test:80': '192.0.2.3' },
};

export default function () {
  const followed = http.get('http://shop.test/moved/2'); // /moved/2 -> /moved/1 -> /moved/0 -> /
  check(followed, { 'ends at the front page': (r) => r.status === 200 && r.url === 'http://shop.test/' });
  const kept = http.get('http://shop.test/moved/0', { redirects: 0 });
  check(kept, { 'is a redirect': (r) => r.status === 302 });
  http.get('http://cdn.test:8080/logo.png');
}
