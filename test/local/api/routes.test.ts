import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Method, RouteNode } from '../../../local/api/model.ts';
import { matchPath } from '../../../local/api/routes.ts';
import { apiResources, method, proxy } from '../../support/hand-made-assembly.ts';
import { newHarness, tree } from './harness.ts';

const { start, close } = newHarness();
afterEach(close);

describe('routes', () => {
  const routes = apiResources([
    ...tree,
    method('devices', 'GET'),
    method('device', 'GET'),
    method('series', 'GET', proxy(true)),
    method('rest', 'ANY'),
  ]);

  it.each([
    ['/v1/devices', '/v1/devices', null],
    ['/v1/devices/', '/v1/devices', null],
    ['/v1/devices/a%2Fb%20c', '/v1/devices/{id}', { id: 'a%2Fb%20c' }],
    ['/v1/devices/d1/series', '/v1/devices/{id}/series', { id: 'd1' }],
    ['/v1/devices/d1/unknown', '/v1/{proxy+}', { proxy: 'devices/d1/unknown' }],
    ['/v1/types', '/v1/{proxy+}', { proxy: 'types' }],
    ['/prod/v1/types/x', '/v1/{proxy+}', { proxy: 'types/x' }],
  ])('%s goes to %s', async (to, resourcePath, pathParameters) => {
    const { get, events } = await start(routes);
    const response = await get(to);
    expect([response.status, await response.text()]).toEqual([200, 'hello']);
    expect(events[0]).toMatchObject({ resource: resourcePath, pathParameters });
    expect(events[0]?.path).toBe(to.replace('/prod/', '/'));
  });

  it.each([
    ['GET', '/'],
    ['GET', '/v2/devices'],
    ['GET', '/v1'],
    ['DELETE', '/v1/devices'],
  ])('%s %s is no route', async (verb, to) => {
    const { get, events } = await start(routes);
    const response = await get(to, { method: verb });
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ message: 'Missing Authentication Token' });
    expect(response.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
    expect(events).toEqual([]);
  });
});

describe('matching', () => {
  /** Parts of resource paths: few names, so that paths collide. */
  const part = fc.constantFrom('a', 'b', '{x}');
  const template = fc
    .tuple(fc.array(part, { maxLength: 4 }), fc.boolean())
    .map(([parts, greedy]) => [...parts, ...(greedy ? ['{rest+}'] : [])]);
  const segment = fc.constantFrom('a', 'b', 'c');

  const build = (templates: readonly string[][]): RouteNode => {
    const node = (path: string): RouteNode => ({
      resourceId: path,
      path,
      literal: new Map(),
      parameter: undefined,
      greedy: undefined,
      methods: new Map(),
    });
    const root = node('/');
    for (const parts of templates) {
      let at = root;
      for (const name of parts) {
        const child = `${at.path === '/' ? '' : at.path}/${name}`;
        if (name === '{x}') {
          at.parameter ??= { name: 'x', node: node(child) };
          at = at.parameter.node;
        } else if (name === '{rest+}') {
          at.greedy ??= { name: 'rest', node: node(child) };
          at = at.greedy.node;
        } else {
          const next = at.literal.get(name) ?? node(child);
          at.literal.set(name, next);
          at = next;
        }
      }
      at.methods.set('GET', METHOD);
    }
    return root;
  };
  const METHOD: Method = {
    httpMethod: 'GET',
    authorizer: undefined,
    authorizationScopes: [],
    integration: { type: 'MOCK', statusCode: 200, headers: {}, body: '', contentType: 'text/plain' },
    required: { header: [], querystring: [] },
    bodySchemas: new Map(),
  };

  /** How specific a template is for a path, part by part; `undefined` when it does not fit. */
  const rank = (parts: readonly string[], path: readonly string[]): string | undefined => {
    const greedy = parts.at(-1) === '{rest+}';
    const fixed = greedy ? parts.slice(0, -1) : parts;
    if (greedy ? path.length <= fixed.length : path.length !== fixed.length) return undefined;
    if (!fixed.every((name, i) => name === '{x}' || name === path[i])) return undefined;
    return fixed.map((name) => (name === '{x}' ? '1' : '0')).join('') + (greedy ? '2' : '');
  };

  it('finds the most specific of all templates that fit, and none when none fits', () => {
    fc.assert(
      fc.property(
        fc.array(template, { maxLength: 8 }),
        fc.array(segment, { maxLength: 5 }),
        (templates, path) => {
          const best = templates
            .flatMap((parts) => {
              const value = rank(parts, path);
              return value === undefined ? [] : [{ value, path: `/${parts.join('/')}` }];
            })
            .sort((left, right) => (left.value < right.value ? -1 : 1))[0];
          expect(matchPath(build(templates), path)?.node.path).toBe(best?.path);
        },
      ),
    );
  });
});
