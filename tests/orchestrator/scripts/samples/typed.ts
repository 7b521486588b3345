import http, { type RefinedResponse, type ResponseType } from 'k6/http';
import { check } from 'k6';
import type { Options } from 'k6/options';

interface Product {
  id: number;
  name: string;
}

export const options: Options = { vus: 2, iterations: 6 };

const parse = (res: RefinedResponse<ResponseType>): Product[] => res.json() as unknown as Product[];

export default async function (): Promise<void> {
  const responses = await Promise.all([
    http.asyncRequest('GET', 'http://shop.test/products'),
    http.asyncRequest('GET', 'http://shop.test/products?page=2'),
  ]);
  check(responses[0], { 'has products': (r) => parse(r).length > 0 });
}
