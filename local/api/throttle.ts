/** Throttling: a token bucket for each method. */
import type { MethodSetting, RouteNode } from './model.ts';

/** Requests a second and burst that an account has when a stage says nothing. */
const ACCOUNT = { rate: 10_000, burst: 5_000 };

interface Bucket {
  readonly rate: number;
  readonly burst: number;
  tokens: number;
  /** Milliseconds of the clock when `tokens` was true. */
  at: number;
}

/** Takes a token for a request; `false` when the method's bucket is empty. */
export type Admit = (node: RouteNode, httpMethod: string) => boolean;

/**
 * Throttling of a stage: one token bucket a method, filled by the most specific setting.
 * @param now clock in milliseconds that never goes back
 */
export function createThrottle(settings: readonly MethodSetting[], now: () => number): Admit {
  const buckets = new Map<string, Bucket>();
  const settingOf = (node: RouteNode, method: string, limit: 'rateLimit' | 'burstLimit') => {
    const fits = (path: string, verb: string) =>
      settings.find(
        (s) => s.resourcePath === path && s.httpMethod === verb && s[limit] !== undefined && s[limit] >= 0,
      )?.[limit];
    return fits(node.path, method) ?? fits(node.path, '*') ?? fits('/*', method) ?? fits('/*', '*');
  };
  return (node, httpMethod) => {
    const key = `${httpMethod} ${node.path}`;
    const at = now();
    let bucket = buckets.get(key);
    if (!bucket) {
      const burst = settingOf(node, httpMethod, 'burstLimit') ?? ACCOUNT.burst;
      const rate = settingOf(node, httpMethod, 'rateLimit') ?? ACCOUNT.rate;
      bucket = { rate, burst, tokens: burst, at };
      buckets.set(key, bucket);
    }
    bucket.tokens = Math.min(bucket.burst, bucket.tokens + ((at - bucket.at) / 1000) * bucket.rate);
    bucket.at = at;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  };
}
