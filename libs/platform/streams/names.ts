/**
 * Terms: a *vertical* is one line of business with its own relay; a *partition* is one of its P streams; an *entry* is one
 * element of a stream and carries up to a few hundred events; a *group* is one engine's place in every stream.
 *
 * All keys of a vertical carry its name as hash tag, so they live on one node of a Redis Cluster and one script may touch
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

  /** Holds the highest epoch of a relay that has announced itself. */
  get relayFencingToken(): string {
    return `fence:{${this.vertical}}:relay`;
  }

  /** Holds the highest epoch of a worker that has announced itself for this engine and partition. */
  consumerFencingToken(consumer: string, partition: number): string {
    return `fence:{${this.vertical}}:${consumer}:${partition}`;
  }

  /** The recovery epoch of what is in the streams, and the relay's newest mark. */
  get recovery(): string {
    return `recovery:{${this.vertical}}`;
  }

  /** Channel on which writers say that they committed events. */
  get wake(): string {
    return `wake:{${this.vertical}}`;
  }
}

/** The one consumer of every group. A new owner of a partition finds its predecessor's pending entries under this name. */
export const OWNER = 'owner';
