/** What a device can be told to do, as whoever programs an instrument writes it. */
import type { CommandMessage } from '../../contracts/messages/commands.ts';

/** Any value of JSON. */
export type Json = CommandMessage['parameters'][string];

/** Parameters of a command by name, in the units of the instrument type. */
export type Parameters = Readonly<Record<string, Json>>;

/** Which command it is. */
export interface CommandRequest {
  readonly id: string;
  readonly command: string;
  /** Whether it is only to be checked. */
  readonly dryRun: boolean;
  /** W3C Trace Context of who asked for it. */
  readonly traceparent: string;
}

/** A report on a command that is under way. */
export interface ProgressReport {
  /** 0 to 100. */
  readonly percent?: number;
  /** At most 1000 characters; more are cut off. */
  readonly detail?: string;
  /** A partial result. */
  readonly value?: Json;
}

/** What a command that is under way can use. */
export interface CommandContext extends CommandRequest {
  /**
   * Reports on it. Of several reports that wait for a connection the last is sent.
   * @throws {CommandFailed} `result-too-large` or `invalid-result` when it is more than 16 KiB or not JSON
   */
  progress(report: ProgressReport): void;
  /** Aborted when the platform does not wait any longer, and when the device is closed. */
  readonly signal: AbortSignal;
}

/**
 * How a device does one command.
 * @example
 * const spin: CommandHandler = {
 *   check() {
 *     if (lidOpen()) throw new CommandRejected('lid-open', 'close the lid first');
 *   },
 *   async run({ speed }, { progress, signal }) {
 *     for await (const percent of motor.spin(Number(speed), { signal })) progress({ percent });
 *     return { speed: motor.speed };
 *   },
 * };
 */
export interface CommandHandler {
  /**
   * Says whether it could be done now, and does nothing. Asked when the command comes, and once more before it begins
   * if it had to wait; a dry run is this alone.
   * @throws {CommandRejected} when it cannot
   */
  check?(parameters: Parameters, request: CommandRequest): void | Promise<void>;
  /**
   * Does it. Called at most once for a command, however often it comes and the device is restarted.
   * @returns the result
   * @throws {CommandFailed} when it did not succeed; any other error is code `failed`
   */
  run(parameters: Parameters, context: CommandContext): Json | undefined | Promise<Json | undefined>;
  /** Whether it begins at once, beside the command that is under way: for what stops that. Default false. */
  readonly atOnce?: boolean;
}

/** Handlers by the name of their command. */
export type CommandHandlers = Readonly<Record<string, CommandHandler>>;

/** The device does not do it, and has done nothing. */
export class CommandRejected extends Error {
  override readonly name = 'CommandRejected';
  readonly code: string;
  /** @param code lower-case words joined by hyphens, such as `lid-open` */
  constructor(code: string, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}

/** The device has begun it, and it did not succeed. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly code: string;
  /** @param code lower-case words joined by hyphens, such as `imbalance` */
  constructor(code: string, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}
