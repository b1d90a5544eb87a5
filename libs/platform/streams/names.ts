/**
 * Terms: a *vertical* is one line of business with its own relay. A *partition* is one of its P streams. An *entry* is one
 * element of a stream and carries up to a few hundred events. A *group* is one consumer's position in every stream.
 *
 * All keys of a vertical carry its name as hash tag. So they live on one node of a Redis Cluster, and one script may access
 * several of them.
 */
export class StreamNames {
  readonly all: readonly string[];

  constructor(
    readonly vertical: string,
    readonly partitions: number,
  ) {
    this.all = Array.from({ length: partitions }, (_, partition) => this.stream(partition));
  }

  stream(partition: number): string {
    return `events:{${this.vertical}}:${partition}`;
  }

  /** The key that holds the highest fencing token that a relay has announced. */
  get relayFencingToken(): string {
    return `fence:{${this.vertical}}:relay`;
  }

  /** The key that holds the highest fencing token that a worker has announced for this consumer and partition. */
  consumerFencingToken(consumer: string, partition: number): string {
    return `fence:{${this.vertical}}:${consumer}:${partition}`;
  }

  /** The key that holds the recovery epoch of the streams and the relay's newest mark. */
  get recovery(): string {
    return `recovery:{${this.vertical}}`;
  }

  /** The channel on which writers announce that they have committed events. */
  get wake(): string {
    return `wake:{${this.vertical}}`;
  }
}

/**
 * The name of the only Redis consumer in every group. It is the same for every worker, so that a new holder of a partition
 * finds its predecessor's pending entries.
 */
export const OWNER = 'owner';
