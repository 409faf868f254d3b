/** A small assembly with functions written on the spot, for tests that run real threads. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  AccessKey,
  AccessRequest,
  Assembly,
  Denial,
  Endpoint,
  Iam,
  JsonObject,
  Log,
  Resource,
} from '../../local/types.ts';
import { AccessDenied } from '../../local/types.ts';

export interface LoggedLine {
  readonly level: string;
  readonly message: string;
  readonly fields: object | undefined;
}

/** A place for bundles, and the resources that point at them. */
export class World implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'labgate-test-'));
  readonly resources: Resource[] = [];
  readonly lines: LoggedLine[] = [];
  readonly log: Log = (level, message, fields) => this.lines.push({ level, message, fields });

  /** Writes the bundle of a function and declares it. */
  function(name: string, code: string, properties: JsonObject = {}): string {
    mkdirSync(join(this.folder, name));
    writeFileSync(join(this.folder, name, 'index.mjs'), code);
    return this.resource(
      'AWS::Lambda::Function',
      name,
      `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
      {
        Code: { S3Bucket: 'assets', S3Key: name },
        Handler: 'index.handler',
        Runtime: 'nodejs24.x',
        Role: `arn:aws:iam::000000000000:role/${name}`,
        Timeout: 5,
        LoggingConfig: { LogFormat: 'JSON' },
        ...properties,
      },
    );
  }

  resource(type: string, id: string, arn: string, properties: JsonObject): string {
    this.resources.push({ stack: 'test', logicalId: id, type, properties, physicalId: id, arn });
    return arn;
  }

  get assembly(): Assembly {
    const { resources, folder } = this;
    return {
      account: '000000000000',
      region: 'us-east-1',
      resources,
      byType: (type) => resources.filter((resource) => resource.type === type),
      find: (id) => resources.find((resource) => resource.arn === id || resource.physicalId === id),
      assetPath: (key) => join(folder, key),
      outputs: new Map(),
    };
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Allows everything but the named actions, and keeps what was asked and denied. */
export class TestIam implements Iam {
  readonly denied: Set<string>;
  readonly denials: Denial[] = [];
  readonly asked: (AccessRequest & { readonly role: string })[] = [];
  readonly operator = {
    accessKeyId: 'operator',
    secretAccessKey: 'secret',
    sessionToken: 'operator',
    principal: 'operator',
    session: 'local',
  };

  constructor(...denied: string[]) {
    this.denied = new Set(denied);
  }

  allow(action: string): void {
    this.denied.delete(action);
  }

  credentialsFor(roleArn: string) {
    return {
      accessKeyId: `KEY${roleArn.split('/').at(-1)}`,
      secretAccessKey: 'secret',
      sessionToken: 'token',
    };
  }

  accessKey(id: string): AccessKey | undefined {
    if (id === this.operator.accessKeyId) return this.operator;
    if (!id.startsWith('KEY')) return undefined;
    const principal = `arn:aws:iam::000000000000:role/${id.slice(3)}`;
    return { ...this.credentialsFor(principal), principal, session: 'local' };
  }

  assume(): never {
    throw new Error('No role is taken in this test.');
  }

  assumableBy(roleArn: string): boolean {
    return !roleArn.endsWith('untrusting');
  }

  serviceMay(): boolean {
    return false;
  }

  authorize(role: string, request: AccessRequest): void {
    this.asked.push({ ...request, role });
    if (!this.denied.has(request.action)) return;
    const denial = { principal: role, action: request.action, resource: request.resource };
    this.denials.push(denial);
    throw new AccessDenied(denial);
  }
}

/** An endpoint that nobody may need. */
export const noEndpoint: Endpoint = {
  url: 'http://127.0.0.1:9',
  port: 9,
  register: () => undefined,
  onAppend: () => () => undefined,
  get kinesis(): never {
    throw new Error('No streams in this test.');
  },
  close: async () => undefined,
};
