import { SetMetadata } from '#platform/nest';

export const OPEN = Symbol('OpenRoute');

/** For health, documentation and redirects: routes that belong to no tenant and need no sign-in. */
export const Open = () => SetMetadata(OPEN, true);
