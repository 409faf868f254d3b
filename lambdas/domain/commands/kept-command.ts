/** A command with its history: how it begins, and how each step is applied. Times come from outside. */
import type { CommandMessage } from '../../../contracts/messages/commands.ts';
import type { CommandDeclaration } from '../../../contracts/resources/command-declarations.ts';
import {
  type Actor,
  type Command,
  type CommandHistory,
  type Evidence,
  isFinal,
  type Transition,
  type WithoutEffect,
} from '../../../contracts/resources/commands.ts';
import { phaseOf, type Step, stateAfter } from './states.ts';

/** A command, and all that is known of how it went. */
export interface KeptCommand {
  readonly command: Command;
  readonly transitions: readonly Transition[];
  readonly withoutEffect: readonly WithoutEffect[];
  readonly withoutEffectCount: number;
}

/** What without effect is kept in full, and up to which number it is counted. */
const WITHOUT_EFFECT_KEPT = 20;
const WITHOUT_EFFECT_COUNTED = 1000;

/** The platform itself, as it acts on deadlines and connections. */
export const PLATFORM: Actor = { kind: 'platform', subject: 'labgate', name: 'labgate' };

const later = (time: string, seconds: number): string =>
  new Date(Date.parse(time) + seconds * 1000).toISOString();

/** What a new command is made of. */
export interface Asked {
  readonly id: string;
  readonly device: { readonly id: string; readonly site: string; readonly type: string };
  readonly typeVersion: number;
  readonly name: string;
  readonly declaration: CommandDeclaration;
  /** Valid, and in the units of the type. */
  readonly parameters: Command['parameters'];
  readonly dryRun: boolean;
  readonly reason: string | undefined;
  /** Seconds within which it has to be sent, if fewer than the type says. */
  readonly expiresAfter: number | undefined;
  readonly by: Actor;
  readonly at: Date;
  readonly traceparent: string;
}

/** A command as it begins. */
export const newCommand = (asked: Asked): KeptCommand => {
  const { declaration, device, reason, by } = asked;
  const at = asked.at.toISOString();
  const state = declaration.approval && !asked.dryRun ? 'pending-approval' : 'queued';
  const seconds = Math.min(declaration.expiresAfter, asked.expiresAfter ?? Number.POSITIVE_INFINITY);
  const evidence: Evidence = { kind: 'request', ...(reason === undefined ? {} : { detail: reason }) };
  return {
    command: {
      id: asked.id,
      device: device.id,
      site: device.site,
      type: device.type,
      typeVersion: asked.typeVersion,
      command: asked.name,
      parameters: asked.parameters,
      dryRun: asked.dryRun,
      state,
      version: 1,
      ...(reason === undefined ? {} : { reason }),
      createdAt: at,
      createdBy: by,
      updatedAt: at,
      expiresAt: later(at, seconds),
      timeout: declaration.timeout,
      attempts: 0,
      traceparent: asked.traceparent,
    },
    transitions: [{ version: 1, at, from: null, to: state, by, evidence }],
    withoutEffect: [],
    withoutEffectCount: 0,
  };
};

/** How a step is known. */
export interface Known {
  readonly at: Date;
  readonly by: Actor;
  readonly evidence: Evidence;
}

/**
 * Applies a step.
 * @param change what else it changes of the command
 * @returns the command one version on, or `undefined` when its state knows no such step
 */
export const take = (
  kept: KeptCommand,
  step: Step,
  { at, by, evidence }: Known,
  change: Partial<Command> = {},
): KeptCommand | undefined => {
  const { command } = kept;
  const to = stateAfter(command, step);
  if (to === undefined) return undefined;
  const time = at.toISOString();
  const version = command.version + 1;
  const moved: Transition = { version, at: time, from: command.state, to, by, evidence };
  return {
    ...kept,
    command: { ...command, ...change, state: to, version, updatedAt: time },
    // Reports of one that runs are no step: the newest is in the command.
    transitions: to === command.state ? kept.transitions : [...kept.transitions, moved],
  };
};

/**
 * Keeps something that changes nothing.
 * @returns the command one version on, or `undefined` when there is so much of it that it is not counted any more
 */
export const keepWithoutEffect = (
  kept: KeptCommand,
  { at, by, evidence }: Known,
  why: WithoutEffect['why'],
): KeptCommand | undefined => {
  if (kept.withoutEffectCount >= WITHOUT_EFFECT_COUNTED) return undefined;
  const entry: WithoutEffect = { at: at.toISOString(), by, evidence, why };
  const { command, withoutEffect } = kept;
  return {
    ...kept,
    command: { ...command, version: command.version + 1 },
    withoutEffect: withoutEffect.length < WITHOUT_EFFECT_KEPT ? [...withoutEffect, entry] : withoutEffect,
    withoutEffectCount: kept.withoutEffectCount + 1,
  };
};

/** What its first publication, or a reply that proves it, changes of a command. */
export const begun = ({ sentAt, timesOutAt, timeout }: Command, at: Date): Partial<Command> => ({
  sentAt: sentAt ?? at.toISOString(),
  timesOutAt: timesOutAt ?? later(at.toISOString(), timeout),
});

/**
 * Notes that a message is about to be published, for the first time or again: from then on it may have reached the
 * device.
 * @returns `undefined` when the command has gone on meanwhile, or is at its end
 */
export const publishing = (kept: KeptCommand, at: Date): KeptCommand | undefined => {
  const { command } = kept;
  if (command.state !== 'queued' && command.state !== 'sent') return undefined;
  const change = { attempts: command.attempts + 1, ...begun(command, at) };
  return {
    ...kept,
    command: { ...command, ...change, version: command.version + 1, updatedAt: at.toISOString() },
  };
};

/**
 * Notes that the broker has taken the message.
 * @returns `undefined` when that was known, or the command has gone on meanwhile, which tells as much
 */
export const published = (kept: KeptCommand, at: Date): KeptCommand | undefined =>
  take(kept, 'publish', { at, by: PLATFORM, evidence: { kind: 'publication' } });

/** Seconds after which a message that nothing is heard of is published again: it may have met no subscription. */
const AGAIN_AFTER = [2, 8, 30, 120] as const;

/** When a command that was sent is published again, in milliseconds; `undefined`: never. */
const againAt = ({ state, sentAt, attempts }: Command): number | undefined => {
  if ((state !== 'sent' && state !== 'queued') || sentAt === undefined) return undefined;
  const seconds = AGAIN_AFTER.slice(0, attempts).reduce((sum, each) => sum + each, 0);
  return attempts > AGAIN_AFTER.length ? undefined : Date.parse(sentAt) + seconds * 1000;
};

/** When time ends a command, in milliseconds since the epoch; `undefined` at its end. */
const endsAt = (command: Command): number | undefined => {
  const { expiresAt, timesOutAt = expiresAt } = command;
  const phase = phaseOf(command);
  return phase === undefined ? undefined : Date.parse(phase === 'waiting' ? expiresAt : timesOutAt);
};

/** What time asks of a command now. */
export const dueNow = (command: Command, now: Date): 'end' | 'publish' | undefined => {
  const end = endsAt(command);
  if (end !== undefined && end <= now.getTime()) return 'end';
  const again = againAt(command);
  return again !== undefined && again <= now.getTime() ? 'publish' : undefined;
};

/** When a command has to be looked at next, in milliseconds since the epoch; `undefined` at its end. */
export const wakeAt = (command: Command): number | undefined => {
  const end = endsAt(command);
  return end === undefined ? undefined : Math.min(end, againAt(command) ?? end);
};

/** Ends a command whose time has passed. @returns `undefined` when it is at its end already */
export const endByTime = (kept: KeptCommand, at: Date): KeptCommand | undefined => {
  const waiting = phaseOf(kept.command) === 'waiting';
  return take(kept, waiting ? 'expire' : 'time-out', {
    at,
    by: PLATFORM,
    evidence: {
      kind: 'deadline',
      detail: waiting
        ? 'it was not sent in time'
        : 'no result came in time; what the device did is not known',
    },
  });
};

/** What the device gets. */
export const messageOf = (command: Command): CommandMessage => ({
  v: 1,
  id: command.id,
  command: command.command,
  parameters: command.parameters,
  dryRun: command.dryRun,
  issuedAt: command.createdAt,
  expiresAt: command.expiresAt,
  timeout: command.timeout,
  traceparent: command.traceparent,
});

/** All that is known of how a command went. */
export const historyOf = ({
  command,
  transitions,
  withoutEffect,
  withoutEffectCount,
}: KeptCommand): CommandHistory => ({
  id: command.id,
  transitions: [...transitions],
  withoutEffect: [...withoutEffect],
  withoutEffectCount,
});

/** Whether a command is at its end. */
export const isOver = ({ command }: KeptCommand): boolean => isFinal(command.state);
