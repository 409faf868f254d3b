/**
 * Things, certificates and what is attached to what: the part of the AWS IoT registry that the gateway keeps.
 *
 * Every change is one line appended to `registry.jsonl` in the data folder; the file is written anew, without
 * what has been overtaken, at each start. A change is on disk before the call returns.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

export type CertificateStatus = 'ACTIVE' | 'INACTIVE' | 'REVOKED';

export interface Thing {
  readonly name: string;
  readonly id: string;
  readonly typeName: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  /** Counts changes from 1. */
  readonly version: number;
}

export interface Certificate {
  readonly id: string;
  readonly pem: string;
  readonly status: CertificateStatus;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly modified: number;
}

/** Names of policies attached to a certificate and of things it belongs to. */
interface Ties {
  readonly policies: Set<string>;
  readonly things: Set<string>;
}

type Change =
  | { readonly op: 'thing'; readonly value: Thing }
  | { readonly op: 'thing-gone'; readonly name: string }
  | { readonly op: 'certificate'; readonly value: Certificate }
  | { readonly op: 'certificate-gone'; readonly id: string }
  | { readonly op: 'tie' | 'untie'; readonly certificate: string; readonly thing: string }
  | { readonly op: 'allow' | 'disallow'; readonly certificate: string; readonly policy: string };

/** See the head of this file. */
export class Registry {
  readonly #things = new Map<string, Thing>();
  readonly #certificates = new Map<string, Certificate>();
  readonly #ties = new Map<string, Ties>();
  /** The reverse of `Ties.things`. */
  readonly #holders = new Map<string, Set<string>>();
  readonly #revisions = new Map<string, number>();
  #file: number | undefined;

  /** @param dataDir folder of `registry.jsonl`; in memory when absent */
  constructor(dataDir?: string) {
    if (dataDir === undefined) return;
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const path = join(dataDir, 'registry.jsonl');
    if (existsSync(path)) this.#replay(path);
    writeFileSync(`${path}.new`, this.#snapshot(), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    this.#file = openSync(path, 'a', 0o600);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /**
   * Grows with every change that may touch what the holder of a certificate is allowed: what was decided under
   * an older revision must be decided again.
   */
  revisionOf(certificate: string): number {
    return this.#revisions.get(certificate) ?? 0;
  }

  thing(name: string): Thing | undefined {
    return this.#things.get(name);
  }

  get things(): readonly Thing[] {
    return [...this.#things.values()];
  }

  certificate(id: string): Certificate | undefined {
    return this.#certificates.get(id);
  }

  /** Names of things that the certificate is attached to. */
  thingsOf(certificate: string): ReadonlySet<string> {
    return this.#ties.get(certificate)?.things ?? NONE;
  }

  /** Names of policies attached to the certificate. */
  policiesOf(certificate: string): ReadonlySet<string> {
    return this.#ties.get(certificate)?.policies ?? NONE;
  }

  /** Ids of certificates that a policy is attached to. */
  certificatesWith(policy: string): readonly string[] {
    return [...this.#ties].flatMap(([id, { policies }]) => (policies.has(policy) ? [id] : []));
  }

  /** Names of all policies that some certificate has. */
  get policiesInUse(): ReadonlySet<string> {
    return new Set([...this.#ties.values()].flatMap(({ policies }) => [...policies]));
  }

  /** Ids of certificates that are attached to the thing. */
  certificatesOf(thing: string): ReadonlySet<string> {
    return this.#holders.get(thing) ?? NONE;
  }

  putThing(value: Thing): void {
    this.#change({ op: 'thing', value });
  }

  removeThing(name: string): void {
    this.#change({ op: 'thing-gone', name });
  }

  putCertificate(value: Certificate): void {
    this.#change({ op: 'certificate', value });
  }

  removeCertificate(id: string): void {
    this.#change({ op: 'certificate-gone', id });
  }

  attachThing(certificate: string, thing: string): void {
    if (!this.thingsOf(certificate).has(thing)) this.#change({ op: 'tie', certificate, thing });
  }

  detachThing(certificate: string, thing: string): void {
    if (this.thingsOf(certificate).has(thing)) this.#change({ op: 'untie', certificate, thing });
  }

  attachPolicy(certificate: string, policy: string): void {
    if (!this.policiesOf(certificate).has(policy)) this.#change({ op: 'allow', certificate, policy });
  }

  detachPolicy(certificate: string, policy: string): void {
    if (this.policiesOf(certificate).has(policy)) this.#change({ op: 'disallow', certificate, policy });
  }

  #change(change: Change): void {
    if (this.#file !== undefined) writeSync(this.#file, `${JSON.stringify(change)}\n`);
    this.#apply(change);
  }

  #apply(change: Change): void {
    switch (change.op) {
      case 'thing':
        this.#things.set(change.value.name, change.value);
        for (const certificate of this.certificatesOf(change.value.name)) this.#touch(certificate);
        return;
      case 'thing-gone':
        this.#things.delete(change.name);
        for (const certificate of this.certificatesOf(change.name)) this.#touch(certificate);
        return;
      case 'certificate':
        this.#certificates.set(change.value.id, change.value);
        this.#touch(change.value.id);
        return;
      case 'certificate-gone':
        this.#certificates.delete(change.id);
        this.#ties.delete(change.id);
        this.#touch(change.id);
        return;
      case 'tie':
        this.#tiesOf(change.certificate).things.add(change.thing);
        this.#holdersOf(change.thing).add(change.certificate);
        this.#touch(change.certificate);
        return;
      case 'untie':
        this.#tiesOf(change.certificate).things.delete(change.thing);
        this.#holdersOf(change.thing).delete(change.certificate);
        this.#touch(change.certificate);
        return;
      case 'allow':
        this.#tiesOf(change.certificate).policies.add(change.policy);
        this.#touch(change.certificate);
        return;
      case 'disallow':
        this.#tiesOf(change.certificate).policies.delete(change.policy);
        this.#touch(change.certificate);
    }
  }

  #touch(certificate: string): void {
    this.#revisions.set(certificate, this.revisionOf(certificate) + 1);
  }

  #tiesOf(certificate: string): Ties {
    let ties = this.#ties.get(certificate);
    if (ties === undefined) {
      ties = { policies: new Set(), things: new Set() };
      this.#ties.set(certificate, ties);
    }
    return ties;
  }

  #holdersOf(thing: string): Set<string> {
    let holders = this.#holders.get(thing);
    if (holders === undefined) {
      holders = new Set();
      this.#holders.set(thing, holders);
    }
    return holders;
  }

  /** A last line without its newline was cut off by a crash before its call returned: nobody was told of it. */
  #replay(path: string): void {
    const lines = readFileSync(path, 'utf8').split('\n');
    lines.pop();
    for (const [index, line] of lines.entries()) {
      try {
        this.#apply(JSON.parse(line) as Change);
      } catch (cause) {
        throw new Error(`${path}, line ${index + 1} cannot be read`, { cause });
      }
    }
  }

  #snapshot(): string {
    const changes: Change[] = [];
    for (const value of this.#things.values()) changes.push({ op: 'thing', value });
    for (const value of this.#certificates.values()) changes.push({ op: 'certificate', value });
    for (const [certificate, ties] of this.#ties) {
      for (const thing of ties.things) changes.push({ op: 'tie', certificate, thing });
      for (const policy of ties.policies) changes.push({ op: 'allow', certificate, policy });
    }
    return changes.map((change) => `${JSON.stringify(change)}\n`).join('');
  }
}

const NONE: ReadonlySet<string> = new Set();
