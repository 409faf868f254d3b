/** What a synthesized folder holds: stacks and assets, named by `manifest.json` and `*.assets.json`. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../../contracts/json.ts';
import type { JsonObject } from '../types.ts';
import { AssemblyError } from './errors.ts';
import { readJson, readTemplate, type Template } from './template.ts';

export interface Manifest {
  readonly templates: readonly Template[];
  /** File or folder of an asset by its object key. */
  readonly assets: ReadonlyMap<string, string>;
}

const ACCOUNT = '000000000000';
const REGION = 'us-east-1';

function textOf(body: JsonObject, key: string): string | undefined {
  const value = body[key];
  return typeof value === 'string' ? value : undefined;
}

/** `aws://123456789012/eu-central-1`; what the app has left open is told apart by CDK's own placeholders. */
function place(environment: string | undefined): { account: string; region: string } {
  const [account, region] = (environment ?? '').replace(/^aws:\/\//, '').split('/');
  return {
    account: account === undefined || !/^\d{12}$/.test(account) ? ACCOUNT : account,
    region: region === undefined || region === '' || region === 'unknown-region' ? REGION : region,
  };
}

function readAssets(dir: string, file: string, assets: Map<string, string>): void {
  const files = readJson(join(dir, file))['files'];
  for (const asset of isObject(files) ? Object.values(files) : []) {
    const source = isObject(asset) ? asset['source'] : undefined;
    const destinations = isObject(asset) ? asset['destinations'] : undefined;
    const path = isObject(source) ? textOf(source, 'path') : undefined;
    if (path === undefined || !isObject(destinations)) {
      throw new AssemblyError(`${file} names an asset that is not a file of this folder`);
    }
    for (const destination of Object.values(destinations)) {
      const key = isObject(destination) ? textOf(destination, 'objectKey') : undefined;
      if (key !== undefined) {
        assets.set(key, join(dir, path));
      }
    }
  }
}

function readFolder(dir: string, templates: Template[], assets: Map<string, string>): void {
  if (!existsSync(join(dir, 'manifest.json'))) {
    throw new AssemblyError(`${dir} holds no manifest.json: run "cdk synth" first`);
  }
  const artifacts = readJson(join(dir, 'manifest.json'))['artifacts'];
  for (const [id, artifact] of Object.entries(isObject(artifacts) ? artifacts : {})) {
    if (!isObject(artifact)) {
      throw new AssemblyError(`artifact ${id} of ${dir} is not an object`);
    }
    const properties = isObject(artifact['properties']) ? artifact['properties'] : {};
    if (artifact['type'] === 'cdk:asset-manifest') {
      readAssets(dir, textOf(properties, 'file') ?? `${id}.json`, assets);
    } else if (artifact['type'] === 'cdk:cloud-assembly') {
      readFolder(join(dir, textOf(properties, 'directoryName') ?? id), templates, assets);
    } else if (artifact['type'] === 'aws:cloudformation:stack') {
      const stack = textOf(properties, 'stackName') ?? id;
      const file = textOf(properties, 'templateFile') ?? `${id}.template.json`;
      templates.push(readTemplate(join(dir, file), { stack, ...place(textOf(artifact, 'environment')) }));
    }
  }
}

/**
 * Reads a folder that `cdk synth` has written, stages included.
 * @throws {AssemblyError} when it is no such folder, or holds no stack
 */
export function readManifest(dir: string): Manifest {
  const templates: Template[] = [];
  const assets = new Map<string, string>();
  readFolder(dir, templates, assets);
  if (templates.length === 0) {
    throw new AssemblyError(`${dir} holds no stack: run "cdk synth" first`);
  }
  return { templates, assets };
}
