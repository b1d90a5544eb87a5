import { positionOf, textOf } from './position.js';

const encoded = (text: string) => Buffer.from(text, 'latin1').toString('base64url');
const minute = Math.floor(Date.now() / 60_000);

describe('a position in the live stream', () => {
  it('is restored from its text', () => {
    for (const position of [
      { read: '100:100:' },
      { read: '100:105:100,103' },
      { read: '100:102:100', within: { until: '102:110:105', seq: '42' } },
    ])
      expect(positionOf(textOf(position))).toEqual(position);
  });

  it('is too old after a day', () => {
    const position = { read: '100:102:' };
    const dayAgo = Date.now() - 24 * 3_600_000;
    expect(positionOf(textOf(position, dayAgo + 120_000))).toEqual(position);
    expect(positionOf(textOf(position, dayAgo - 120_000))).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['words', 'made up'],
    ['no snapshot', encoded(`${minute};100`)],
    ['a snapshot PostgreSQL refuses: xmax before xmin', encoded(`${minute};105:100:`)],
    ['a snapshot PostgreSQL refuses: xmin zero', encoded(`${minute};0:100:`)],
    ['running transactions outside', encoded(`${minute};100:105:99`)],
    ['running transactions out of order', encoded(`${minute};100:105:103,101`)],
    ['half a window', encoded(`${minute};100:105:;100:106:`)],
    ['a window with no number', encoded(`${minute};100:105:;100:106:;x`)],
    ['statements', encoded(`${minute};100:105:';drop table`)],
  ])('is refused when it is %s', (_, text) => {
    expect(() => positionOf(text)).toThrow(expect.objectContaining({ code: 'invalid_last_event_id' }));
  });
});
