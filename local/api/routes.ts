/** Finds the resource that a path belongs to. */
import type { Method, RouteNode } from './model.ts';

export interface Match {
  readonly node: RouteNode;
  /** Values as sent, still percent-encoded, as a REST API hands them on. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Segments of a path; a slash at the end makes no difference. */
export function segmentsOf(path: string): string[] {
  const segments = path.split('/').slice(1);
  if (segments.at(-1) === '') segments.pop();
  return segments;
}

/**
 * Finds the most specific resource for a path: literal before `{parameter}` before `{greedy+}`.
 * Resources without methods are only steps on the way.
 */
export function matchPath(root: RouteNode, segments: readonly string[]): Match | undefined {
  const [head, ...rest] = segments;
  if (head === undefined) return root.methods.size > 0 ? { node: root, parameters: {} } : undefined;
  const literal = root.literal.get(head);
  const exact = literal && matchPath(literal, rest);
  if (exact) return exact;
  if (root.parameter && head !== '') {
    const found = matchPath(root.parameter.node, rest);
    if (found) return { node: found.node, parameters: { [root.parameter.name]: head, ...found.parameters } };
  }
  if (root.greedy && root.greedy.node.methods.size > 0) {
    return { node: root.greedy.node, parameters: { [root.greedy.name]: segments.join('/') } };
  }
  return undefined;
}

/** The method of a resource that serves an HTTP method. */
export function methodOf(node: RouteNode, httpMethod: string): Method | undefined {
  return node.methods.get(httpMethod) ?? node.methods.get('ANY');
}
