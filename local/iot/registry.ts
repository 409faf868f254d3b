/**
 * Things, certificates and what is attached to what: the part of the AWS IoT registry that the gateway keeps.
 *
 * Every change is one line appended to `registry.jsonl` in the data folder; the file is written anew, without
 * what has been overtaken, at each start. A change is in the file before the call returns, and on disk when
 * {@link Registry.synced} says so.
 */
import {
  closeSync,
  existsSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkedLine, readLines, refuseDamage } from '../checked-file.ts';
import type { OnDamage } from '../damage.ts';

const flush = promisify(fdatasync);

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
  /** Bytes of whole lines in the file. */
  #size = 0;
  #unsynced = false;
  #syncing: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;

  /**
   * @param dataDir folder of `registry.jsonl`; in memory when absent
   * @param onDamage is told of lines that are not what was written; these are left out where it returns
   */
  constructor(dataDir?: string, onDamage: OnDamage = refuseDamage) {
    if (dataDir === undefined) return;
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const path = join(dataDir, 'registry.jsonl');
    if (existsSync(path))
      for (const change of readLines(path, readFileSync(path, 'utf8'), onDamage).values)
        this.#apply(change as Change);
    const snapshot = Buffer.from(this.#snapshot());
    writeFileSync(`${path}.new`, snapshot, { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
    const folder = openSync(dataDir, 'r');
    fsyncSync(folder);
    closeSync(folder);
    this.#size = snapshot.length;
    this.#file = openSync(path, 'a', 0o600);
  }

  /** Resolves when all changes so far are on disk; those who wait meanwhile share the next flush. */
  synced(): Promise<void> {
    if (!this.#unsynced) return this.#queued ?? this.#syncing;
    this.#queued ??= this.#syncing
      .catch(() => undefined) // whoever waited for it was told
      .then(() => {
        this.#queued = undefined;
        this.#unsynced = false;
        this.#syncing = this.#file === undefined ? Promise.resolve() : flush(this.#file);
        return this.#syncing;
      });
    return this.#queued;
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
    if (this.#file !== undefined) this.#append(this.#file, Buffer.from(checkedLine(change)));
    this.#apply(change);
  }

  #append(file: number, line: Buffer): void {
    try {
      for (let at = 0; at < line.length; at += writeSync(file, line, at));
    } catch (error) {
      // Half a line would make the next one unreadable.
      ftruncateSync(file, this.#size);
      throw error;
    }
    this.#size += line.length;
    this.#unsynced = true;
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

  #snapshot(): string {
    const changes: Change[] = [];
    for (const value of this.#things.values()) changes.push({ op: 'thing', value });
    for (const value of this.#certificates.values()) changes.push({ op: 'certificate', value });
    for (const [certificate, ties] of this.#ties) {
      for (const thing of ties.things) changes.push({ op: 'tie', certificate, thing });
      for (const policy of ties.policies) changes.push({ op: 'allow', certificate, policy });
    }
    return changes.map(checkedLine).join('');
  }
}

const NONE: ReadonlySet<string> = new Set();
