/**
 * Text that PostgreSQL can keep: without U+0000, and without a surrogate that has no partner. Such text is legal in JSON, in a
 * query string and in a path, and PostgreSQL refuses it with an error of its own.
 */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

interface Node {
  readonly value: unknown;
  readonly name: PropertyKey | undefined;
  readonly parent: Node | undefined;
}

/** A longer list helps no caller, and a body of one mebibyte can hold 100,000 such strings. */
const MOST_PATHS = 20;

/**
 * The paths of strings in a JSON value that PostgreSQL cannot keep, at most 20. A member whose name is such a string is
 * reported by the path of its object. The walk has no recursion, because a short body can be nested 500,000 levels deep.
 */
export function unstorableIn(json: unknown): PropertyKey[][] {
  const found: PropertyKey[][] = [];
  const open: Node[] = [{ value: json, name: undefined, parent: undefined }];
  for (let node = open.pop(); node && found.length < MOST_PATHS; node = open.pop()) {
    const { value } = node;
    if (typeof value === 'string') {
      if (!isStorable(value)) found.push(pathOf(node));
    } else if (Array.isArray(value)) {
      for (let index = value.length - 1; index >= 0; index--)
        open.push({ value: value[index] as unknown, name: index, parent: node });
    } else if (typeof value === 'object' && value !== null) {
      const members = Object.entries(value).reverse();
      if (members.some(([name]) => !isStorable(name))) found.push(pathOf(node));
      for (const [name, member] of members)
        if (isStorable(name)) open.push({ value: member as unknown, name, parent: node });
    }
  }
  return found;
}

function pathOf(node: Node): PropertyKey[] {
  const path: PropertyKey[] = [];
  for (let at: Node | undefined = node; at?.name !== undefined; at = at.parent) path.push(at.name);
  return path.reverse();
}
