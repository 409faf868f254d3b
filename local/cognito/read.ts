/** Reads user pools and their clients out of the templates. */
import * as z from 'zod';
import type { Assembly, Resource } from '../types.ts';

/** CloudFormation types that the stand-in for Cognito runs or knows to be without effect on one computer. */
export const resourceTypes: readonly string[] = [
  'AWS::Cognito::UserPool',
  'AWS::Cognito::UserPoolClient',
  'AWS::Cognito::UserPoolDomain',
  'AWS::Cognito::UserPoolGroup',
  'AWS::Cognito::UserPoolResourceServer',
  'AWS::Cognito::ManagedLoginBranding',
];

export interface Pool {
  readonly id: string;
  readonly clients: readonly Client[];
  readonly groups: readonly string[];
  /** `identifier/scope` of every resource server. */
  readonly resourceScopes: readonly string[];
  /** First part of the pool's domain, without which Cognito has no OAuth endpoints. */
  readonly domain: string | undefined;
  readonly mfaRequired: boolean;
  /** Whether people may sign in with their e-mail address, too. */
  readonly emailAlias: boolean;
  readonly caseSensitive: boolean;
  readonly arn: string;
  readonly passwords: PasswordPolicy;
  /** Of the mail that invites, with `{username}` and `{####}`. */
  readonly invitation: { readonly subject: string; readonly body: string };
}

/** What a password has to have. */
export interface PasswordPolicy {
  readonly minLength: number;
  readonly needs: readonly ('lower' | 'upper' | 'digit' | 'symbol')[];
  readonly temporaryDays: number;
}

export interface Client {
  readonly id: string;
  /** `ClientName`, else the logical id. */
  readonly name: string;
  readonly hasSecret: boolean;
  readonly flows: readonly Flow[];
  readonly scopes: readonly string[];
  readonly callbackUrls: readonly string[];
  readonly logoutUrls: readonly string[];
  /** Seconds. */
  readonly validity: { readonly access: number; readonly id: number; readonly refresh: number };
}

export type Flow = 'code' | 'client_credentials';

const SECONDS = { seconds: 1, minutes: 60, hours: 3_600, days: 86_400 } as const;
const unit = z.enum(['seconds', 'minutes', 'hours', 'days']);
const names = z.array(z.string()).default([]);
const seconds = z.coerce.number().positive();

const flag = z.union([z.boolean(), z.stringbool()]);
const ignored = z.unknown().optional();
const unsupported = z.undefined('is not supported locally').optional();

const poolSchema = z.object({
  LambdaConfig: z.strictObject({}, 'is not supported locally').optional(),
  MfaConfiguration: z.string().default('OFF'),
  AliasAttributes: names,
  UsernameAttributes: names,
  UsernameConfiguration: z
    .object({ CaseSensitive: z.union([z.boolean(), z.stringbool()]).default(true) })
    .default({ CaseSensitive: true }),
  Policies: z
    .strictObject({
      PasswordPolicy: z
        .strictObject({
          MinimumLength: z.coerce.number().default(8),
          RequireLowercase: flag.default(false),
          RequireUppercase: flag.default(false),
          RequireNumbers: flag.default(false),
          RequireSymbols: flag.default(false),
          TemporaryPasswordValidityDays: z.coerce.number().default(7),
          PasswordHistorySize: unsupported,
        })
        .prefault({}),
      SignInPolicy: ignored,
    })
    .prefault({}),
  AdminCreateUserConfig: z
    .strictObject({
      AllowAdminCreateUserOnly: ignored,
      InviteMessageTemplate: z
        .strictObject({
          EmailSubject: z.string().default('Your temporary password'),
          EmailMessage: z.string().default('Your username is {username} and temporary password is {####}.'),
          SMSMessage: ignored,
        })
        .prefault({}),
    })
    .prefault({}),
});

const clientSchema = z.strictObject({
  UserPoolId: z.string(),
  ClientName: z.string().optional(),
  GenerateSecret: z.union([z.boolean(), z.stringbool()]).default(false),
  AllowedOAuthFlows: z
    .array(
      z.enum(['code', 'client_credentials'], 'is not supported locally: code and client_credentials are'),
    )
    .default([]),
  AllowedOAuthFlowsUserPoolClient: z.union([z.boolean(), z.stringbool()]).default(false),
  AllowedOAuthScopes: names,
  CallbackURLs: names,
  LogoutURLs: names,
  SupportedIdentityProviders: z
    .array(z.literal('COGNITO', 'is not supported locally: only COGNITO is'))
    .default(['COGNITO']),
  AccessTokenValidity: seconds.optional(),
  IdTokenValidity: seconds.optional(),
  RefreshTokenValidity: seconds.optional(),
  TokenValidityUnits: z
    .strictObject({ AccessToken: unit.optional(), IdToken: unit.optional(), RefreshToken: unit.optional() })
    .default({}),
  RefreshTokenRotation: unsupported,
  AnalyticsConfiguration: unsupported,
  AuthSessionValidity: ignored,
  DefaultRedirectURI: ignored,
  EnablePropagateAdditionalUserContextData: ignored,
  EnableTokenRevocation: ignored,
  // Token requests by user name and password go through the Cognito API, which is not served locally.
  ExplicitAuthFlows: ignored,
  PreventUserExistenceErrors: ignored,
  ReadAttributes: ignored,
  WriteAttributes: ignored,
});

const ofPool = z.object({ UserPoolId: z.string() });
const groupSchema = z.object({ GroupName: z.string() });
const resourceServerSchema = z.object({
  Identifier: z.string(),
  Scopes: z.array(z.object({ ScopeName: z.string() })).default([]),
});

function parse<T extends z.ZodType>(schema: T, from: Resource): z.output<T> {
  const result = schema.safeParse(from.properties);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  const path = [...(issue?.path ?? []), ...unknown].map(String).join('.');
  const what = unknown.length > 0 ? 'is not supported locally' : issue?.message;
  throw new Error(`${from.type} ${from.stack}/${from.logicalId}: ${path} ${what}`);
}

/**
 * Reads the user pools of an assembly.
 * @throws {Error} naming what is declared and not supported
 */
export function readPools(assembly: Assembly): Pool[] {
  return assembly.byType('AWS::Cognito::UserPool').map((resource) => {
    const pool = parse(poolSchema, resource);
    const policy = pool.Policies.PasswordPolicy;
    const { EmailSubject, EmailMessage } = pool.AdminCreateUserConfig.InviteMessageTemplate;
    const needs = [
      ['lower', policy.RequireLowercase],
      ['upper', policy.RequireUppercase],
      ['digit', policy.RequireNumbers],
      ['symbol', policy.RequireSymbols],
    ] as const;
    const of = (type: string): Resource[] =>
      assembly.byType(type).filter((other) => parse(ofPool, other).UserPoolId === resource.physicalId);
    return {
      id: resource.physicalId,
      clients: of('AWS::Cognito::UserPoolClient').map(readClient),
      groups: of('AWS::Cognito::UserPoolGroup').map((group) => parse(groupSchema, group).GroupName),
      resourceScopes: of('AWS::Cognito::UserPoolResourceServer').flatMap((server) => {
        const { Identifier, Scopes } = parse(resourceServerSchema, server);
        return Scopes.map(({ ScopeName }) => `${Identifier}/${ScopeName}`);
      }),
      domain: of('AWS::Cognito::UserPoolDomain').map(({ physicalId }) => physicalId)[0],
      mfaRequired: pool.MfaConfiguration === 'ON',
      emailAlias: [...pool.AliasAttributes, ...pool.UsernameAttributes].includes('email'),
      caseSensitive: pool.UsernameConfiguration.CaseSensitive,
      arn:
        resource.arn ??
        `arn:aws:cognito-idp:${assembly.region}:${assembly.account}:userpool/${resource.physicalId}`,
      passwords: {
        minLength: policy.MinimumLength,
        needs: needs.flatMap(([kind, isNeeded]) => (isNeeded ? [kind] : [])),
        temporaryDays: policy.TemporaryPasswordValidityDays,
      },
      invitation: { subject: EmailSubject, body: EmailMessage },
    };
  });
}

function readClient(resource: Resource): Client {
  const client = parse(clientSchema, resource);
  const units = client.TokenValidityUnits;
  const flows = client.AllowedOAuthFlowsUserPoolClient ? client.AllowedOAuthFlows : [];
  if (flows.includes('client_credentials') && (flows.length > 1 || !client.GenerateSecret)) {
    // Cognito refuses both when the client is made.
    throw new Error(
      `${resource.type} ${resource.logicalId}: client_credentials needs a secret and no other flow`,
    );
  }
  return {
    id: resource.physicalId,
    name: client.ClientName ?? resource.logicalId,
    hasSecret: client.GenerateSecret,
    flows,
    scopes: client.AllowedOAuthScopes,
    callbackUrls: client.CallbackURLs,
    logoutUrls: client.LogoutURLs,
    validity: {
      access: (client.AccessTokenValidity ?? 0) * SECONDS[units.AccessToken ?? 'hours'] || 3_600,
      id: (client.IdTokenValidity ?? 0) * SECONDS[units.IdToken ?? 'hours'] || 3_600,
      refresh: (client.RefreshTokenValidity ?? 0) * SECONDS[units.RefreshToken ?? 'days'] || 30 * 86_400,
    },
  };
}
