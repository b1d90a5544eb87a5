import { BusiestTenants } from './busiest-tenants.js';

let now = 0;
const start = () => {
  now = 0;
  return new BusiestTenants(() => now);
};
const ask = (busiest: BusiestTenants, slug: string, times: number) => {
  for (let nth = 0; nth < times; nth++) busiest.count(slug);
};

it('reports the last full minute, not the running one', () => {
  const busiest = start();
  ask(busiest, 'acme', 3);
  expect(busiest.top()).toEqual({});
  now = 60_000;
  ask(busiest, 'acme', 1);
  expect(busiest.top()).toEqual({ acme: 3 });
  now = 120_000;
  expect(busiest.top()).toEqual({ acme: 1 });
});

it('names ten stores at most, the busiest ones', () => {
  const busiest = start();
  for (let nth = 1; nth <= 25; nth++) ask(busiest, `store-${nth}`, nth);
  now = 60_000;
  expect(busiest.top()).toEqual(
    Object.fromEntries(Array.from({ length: 10 }, (_, place) => [`store-${25 - place}`, 25 - place])),
  );
});

it('forgets a minute once another has passed without a request', () => {
  const busiest = start();
  ask(busiest, 'acme', 3);
  now = 120_000;
  expect(busiest.top()).toEqual({});
});
