/** Items of this room that the attack on every route aims at. */
import { type Fixture, idOf } from '#testing/fixture';

export const fixture: Fixture = {
  items: { users: ({ owner }) => idOf(owner.get('/auth/me')) },
  bodies: { changeUser: { is_active: false } },
};
