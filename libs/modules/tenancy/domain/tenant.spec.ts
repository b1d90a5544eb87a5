import { TENANT_STATES } from '#contracts/tenancy/events';
import { tenantStates } from './tenant.js';

describe('a tenant', () => {
  it('has these transitions and no others', () => {
    expect(TENANT_STATES.flatMap((from) => tenantStates.transitions[from].map((to) => `${from} -> ${to}`))).toEqual([
      'active -> suspended',
      'active -> closed',
      'suspended -> active',
      'suspended -> closed',
    ]);
  });

  it('stays closed', () => {
    expect(() => tenantStates.assert('closed', 'active')).toThrow(/from here it can become: nothing/);
  });
});
