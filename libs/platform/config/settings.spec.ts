import { settingsMarkdown } from './reference.js';
import { readSettings, schema } from './settings.js';

const SECRETS = {
  SECRET_KEY: 'sk-8Hq2Lw9Zx4Rt7Vb1Nm5Kp3Js6Gd0FaXy',
  MANAGEMENT_API_KEY: 'mk-3f9Q7xW2bZ8vK1nR5tY6uJ0pL4sD7cE',
  ENCRYPTION_KEY: 'ek-5Tg8Yh1Uj4Ik7Ol2Pm9Qa3Ws6Ed0RfZu',
  REDIS_URL: 'redis://redis:6379',
};
const PASSWORD = '6f1d0c9be2a7';

function read(environment: Record<string, string>) {
  return readSettings('vertical', {
    ...SECRETS,
    DATABASE_URL: `postgresql://shop:${PASSWORD}9d3c4b@db/shop`,
    ...environment,
  });
}

describe('passwords of the data stores in production', () => {
  it.each(['development', 'postgres', 'shop', 'changeme-changeme-changeme', PASSWORD])('refuses %s', (password) => {
    expect(() => read({ DATABASE_URL: `postgresql://shop:${password}@db/shop` })).toThrow(
      /^DATABASE_URL carries a development password/,
    );
    expect(() => read({ REDIS_URL: `redis://:${password === 'shop' ? 'x' : password}@redis` })).toThrow(
      /^REDIS_URL carries a development password/,
    );
  });

  it('never repeats the password it refuses', () => {
    expect(() => read({ DATABASE_URL: `postgresql://shop:${PASSWORD}@db/shop` })).not.toThrow(PASSWORD);
  });

  it('accepts a strong one, and an address without one, because sockets and certificates need none', () => {
    expect(read({}).isProduction).toBe(true);
    expect(read({ DATABASE_URL: 'postgresql://shop@db/shop' }).isProduction).toBe(true);
  });

  it('accepts any in development', () => {
    expect(read({ NODE_ENV: 'development', DATABASE_URL: 'postgresql://shop:shop@db/shop' }).isProduction).toBe(false);
  });
});

describe('a key', () => {
  it.each([
    ['is too short', '8Hq2Lw9Zx4Rt7Vb1Nm5Kp3Js6Gd0FaX', 'must have at least 32 bytes'],
    ['is a placeholder', 'changeme-8Hq2Lw9Zx4Rt7Vb1Nm5Kp3Js6Gd0FaX', 'is a well-known placeholder'],
    ['repeats a few characters', 'abcabcabc'.repeat(8), 'repeats too few characters'],
  ])('is refused when it %s, with the command that makes a good one', (_, key, complaint) => {
    for (const name of ['SECRET_KEY', 'MANAGEMENT_API_KEY', 'ENCRYPTION_KEY'])
      expect(() => read({ [name]: key })).toThrow(`${name} ${complaint}; make one with: openssl rand -base64 48`);
  });
});

describe('how long a process drains', () => {
  it('is three seconds in production, zero in development, or the value that is set', () => {
    expect(read({}).DRAIN_SECONDS).toBe(3);
    expect(read({ NODE_ENV: 'development' }).DRAIN_SECONDS).toBe(0);
    expect(read({ DRAIN_SECONDS: '0.5' }).DRAIN_SECONDS).toBe(0.5);
    expect(() => read({ DRAIN_SECONDS: '-1' })).toThrow(/^DRAIN_SECONDS/);
  });
});

describe('migrations', () => {
  it('need the database and nothing else', () => {
    const alone = { DATABASE_URL: 'postgresql://shop@db/shop' };
    expect(readSettings('migrate', alone).DATABASE_URL).toBe(alone.DATABASE_URL);
    expect(() => readSettings('migrate', {})).toThrow(/^DATABASE_URL is required$/);
  });
});

describe('the page of all settings', () => {
  it('states the meaning of each setting', () => {
    const rows = settingsMarkdown()
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    expect(rows.map((row) => /`(\w+)`/.exec(row)?.[1])).toEqual(Object.keys(schema.shape));
    for (const row of rows) expect(row).toMatch(/^\| `\w+` \| \S.{10,} \| /);
  });
});
