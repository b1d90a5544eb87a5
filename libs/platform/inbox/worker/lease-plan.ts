/**
 * Which partitions of a consumer a worker should hold. Every worker computes it from the same rows: the live members, sorted,
 * share the partitions evenly, and the first ones take the remainder. There is no coordinator and no election. A worker that
 * holds too many partitions releases some, and a worker that holds too few takes free ones.
 */
export interface PartitionLease {
  readonly partition: number;
  readonly holder: string | undefined;
  readonly isExpired: boolean;
}

export interface LeasePlan {
  readonly take: readonly number[];
  readonly release: readonly number[];
}

export function planLeases(leases: readonly PartitionLease[], members: readonly string[], me: string): LeasePlan {
  const everybody = [...new Set([...members, me])].sort();
  const share =
    Math.floor(leases.length / everybody.length) + (everybody.indexOf(me) < leases.length % everybody.length ? 1 : 0);
  const mine = leases.filter((lease) => lease.holder === me && !lease.isExpired).map((lease) => lease.partition);
  if (mine.length > share) return { take: [], release: mine.slice(share) };
  const free = leases.filter((lease) => lease.holder === undefined || lease.isExpired).map((lease) => lease.partition);
  return { take: free.slice(0, share - mine.length), release: [] };
}
