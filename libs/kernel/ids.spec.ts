import { isUuid, newId, tenantId } from './ids.js';

describe('newId', () => {
  it('makes UUIDv7s that sort in the order they were made, even 20,000 in one millisecond', () => {
    const ids = Array.from({ length: 20_000 }, () => newId(1_795_000_000_000));
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
    expect(ids.every((id) => isUuid(id) && id[14] === '7' && '89ab'.includes(id[19]!))).toBe(true);
  });

  it('does not step back when the clock does', () => {
    const before = newId(1_795_000_100_000);
    expect(newId(1_795_000_000_000) > before).toBe(true);
  });
});

describe('tenantId', () => {
  it.each(['', 'acme', '01931B6E-3C00-7A00-8000-000000000001', "'; drop table tenants"])('refuses %j', (text) => {
    expect(() => tenantId(text)).toThrow(TypeError);
  });
});
