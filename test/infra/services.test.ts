/** Each function of the contract is there once: as a folder, as what is deployed, and with the variables it reads. */
import { readdirSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { ENVIRONMENT } from '../../contracts/deployment/environment.ts';
import { METRICS } from '../../contracts/deployment/metrics.ts';
import { ROUTES } from '../../contracts/routes/index.ts';
import { isHttpService, SERVICES, type Service, type ServiceName } from '../../contracts/routes/services.ts';
import { ownFunctions, synthesize } from './synthesize.ts';

const names = (Object.keys(SERVICES) as ServiceName[]).sort();
const services: Readonly<Record<ServiceName, Service>> = SERVICES;

/** Variables of Node and of libraries, not of our own code. */
const OTHERS = ['LOG_LEVEL', 'NODE_OPTIONS', 'POWERTOOLS_METRICS_NAMESPACE', 'POWERTOOLS_SERVICE_NAME'];

const declared = z.object({
  Description: z.string(),
  MemorySize: z.number(),
  Timeout: z.number(),
  Environment: z.object({ Variables: z.looseObject({ POWERTOOLS_SERVICE_NAME: z.string() }) }),
});

/** Functions of a stage by name. */
const deployedIn = (stage: string) => {
  const functions = Object.values(synthesize(stage)).flatMap((template) =>
    ownFunctions(template).map(([, { Properties }]) => declared.parse(Properties)),
  );
  return functions.map((each) => [each.Environment.Variables.POWERTOOLS_SERVICE_NAME, each] as const);
};
const dev = deployedIn('dev');
const deployed = new Map(dev);

test('has a folder, and no folder is without one', () => {
  const entries = readdirSync(new URL('../../lambdas/functions', import.meta.url), { withFileTypes: true });
  expect(
    entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort(),
  ).toEqual(names);
});

test('is deployed once', () => {
  expect(dev.map(([name]) => name).sort()).toEqual(names);
});

test.each(names)('%s has its description, memory and time limit, which the settings of dev leave', (name) => {
  const { description, memoryMegabytes, timeoutSeconds } = services[name];
  expect(deployed.get(name)).toMatchObject({
    Description: description,
    MemorySize: memoryMegabytes,
    Timeout: timeoutSeconds,
  });
});

test('the settings of a stage may give ingest more', () => {
  expect(new Map(deployedIn('prod')).get('ingest')).toMatchObject({ MemorySize: 1769, Timeout: 120 });
});

test('serves routes where its transfer mode says so, and only there', () => {
  const serving = new Set<string>(Object.values(ROUTES).map(({ service }) => service));
  expect([...serving].sort()).toEqual(names.filter(isHttpService));
});

test('metrics are those of functions that there are', () => {
  expect(names).toEqual(expect.arrayContaining(Object.keys(METRICS)));
});

describe('the environment', () => {
  /** What a handler asks for: without any of it, it says all that is missing. */
  const readBy = async (name: ServiceName): Promise<string[]> => {
    vi.stubGlobal('awslambda', { streamifyResponse: (handler: unknown) => handler });
    for (const variable of Object.keys(ENVIRONMENT)) vi.stubEnv(variable, undefined);
    try {
      await import(`../../lambdas/functions/${name}/handler.ts`);
    } catch (error) {
      return [...String(error).matchAll(/\b([A-Z_]+): /g)].map(([, variable]) => String(variable)).sort();
    } finally {
      vi.unstubAllEnvs();
      vi.unstubAllGlobals();
    }
    return [];
  };
  const setFor = (name: ServiceName): string[] =>
    Object.keys(deployed.get(name)?.Environment.Variables ?? {})
      .filter((variable) => !OTHERS.includes(variable))
      .sort();

  test.each(names)('of %s is what its handler reads', async (name) => {
    expect(setFor(name)).not.toEqual([]);
    expect(await readBy(name)).toEqual(setFor(name));
  });

  test('has no name that nobody sets', () => {
    expect([...new Set(names.flatMap(setFor))].sort()).toEqual(Object.keys(ENVIRONMENT).sort());
  });
});
