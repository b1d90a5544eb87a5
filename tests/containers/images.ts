/**
 * The project's own images, built from this folder under separate names for tests; the engine's cache makes a second
 * build quick.
 */
import { docker } from './docker.js';

export const IMAGES = {
  construction: 'basecommerce-construction:test',
  engines: 'basecommerce-engines:test',
  postgres: 'basecommerce-postgres:test',
} as const;

export const LABELS = { VERSION: '9.8.7', REVISION: '0123456789abcdef' } as const;

export async function buildImage(image: 'construction' | 'engines' | 'postgres'): Promise<number> {
  const startedAt = performance.now();
  const args = Object.entries(LABELS).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  const what = image === 'postgres' ? ['infra/images/postgres'] : [...args, '--target', image, '.'];
  await docker('build', '--quiet', '--tag', IMAGES[image], ...what);
  return performance.now() - startedAt;
}
