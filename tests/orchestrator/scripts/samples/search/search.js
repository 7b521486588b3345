import http from 'k6/http';
import exec from 'k6/execution';
import { SharedArray } from 'k6/data';

const terms = new SharedArray('terms', () => JSON.parse(open('./data/terms.json')).terms);
const users = new SharedArray('users', function () {
  return open('data/users.csv')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
});
const picture = open('./data/picture.bin', 'b');

export const options = {
  scenarios: { search: { executor: 'shared-iterations', vus: 3, iterations: 12 } },
};

export default function () {
  const [name, city] = users[exec.scenario.iterationInTest % users.length];
  const term = terms[exec.scenario.iterationInTest % terms.length];
  http.get(`http://shop.test/search?q=${encodeURIComponent(term)}&city=${encodeURIComponent(city)}`, {
    headers: { 'X-User': encodeURIComponent(name) },
  });
  if (__ITER === 0) {
    http.post('http://shop.test/upload', { file: http.file(picture, 'picture.bin') });
  }
}
