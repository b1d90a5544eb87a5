/**
 * Which partitions of an engine a worker should hold. Every worker works it out for itself from the same rows: the members
 * alive, sorted, share the partitions evenly, the first ones taking the remainder. Nobody assigns, so nobody has to be
 * elected; a worker with too many lets go of some, one with too few takes what is free.
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
