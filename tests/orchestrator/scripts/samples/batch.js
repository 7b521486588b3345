import http from 'k6/http';
import { check } from 'k6';

export const options = {
  vus: 1,
  iterations: 10,
  discardResponseBodies: true,
  noConnectionReuse: false,
};

const assets = ['app.js', 'app.css', 'logo.png', 'font.woff2'];

export default () => {
  const page = http.get('http://shop.test/', { responseType: 'text' });
  check(page, { 'page has a body': (r) => r.body.length > 0 });
  const responses = http.batch([
    ...assets.map((name) => ['GET', `http://shop.test/static/${name}`, null, { tags: { endpoint: 'asset' } }]),
    { method: 'POST', url: 'http://shop.test/beacon', body: { seen: 'front' } },
  ]);
  check(responses, { 'all loaded': (all) => all.every((r) => r.status === 200) });
};
