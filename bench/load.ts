/** Load over loopback: closed loops, each with one request at a time. */
import http from 'node:http';
import autocannon from 'autocannon';

export const CONNECTIONS = 16;

/** Answers per second; throws when one was not 2xx, because refusals are fast and would improve the figure. */
export async function requestsPerSecond(
  url: string,
  headers: Record<string, string>,
  seconds: number,
): Promise<number> {
  const result = await autocannon({ url, headers, connections: CONNECTIONS, duration: seconds });
  if (result.non2xx + result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} answers were not 2xx, ${result.errors} failed`);
  return result['2xx'] / result.duration;
}

/** Milliseconds of each of `count` requests, `loops` of them at a time. */
export async function latencies(
  origin: string,
  count: number,
  loops: number,
  request: (nth: number) => { path: string; headers: Record<string, string> },
): Promise<number[]> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: loops });
  const taken: number[] = [];
  let next = 0;
  const loop = async () => {
    while (next < count) {
      const { path, headers } = request(next++);
      const startedAt = performance.now();
      const status = await answer(origin + path, headers, agent);
      if (status !== 200) throw new Error(`${path} answered ${status}`);
      taken.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: loops }, loop));
  agent.destroy();
  return taken;
}

function answer(url: string, headers: Record<string, string>, agent: http.Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { headers, agent }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode!));
      })
      .once('error', reject);
  });
}
