/** Who may call: people by signing in, programs by their own credentials. */
import { Duration, Stack, Validations } from 'aws-cdk-lib';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import { RESOURCE_SERVER, ROLES, roleScope, USER_SCOPE } from '../../contracts/roles.ts';
import type { Settings } from '../settings.ts';
import { PeopleClient } from './people-client.ts';
import { removalPolicy } from './removal.ts';

export interface SignInProps {
  readonly settings: Settings;
}

/** A user pool with a group for each role, a client for people, and one for each program. */
export class SignIn extends Construct {
  readonly userPool: cognito.UserPool;
  /** The public client of the command line: authorization code with PKCE. */
  readonly people: cognito.UserPoolClient;
  /** Clients of programs, by name. */
  readonly programs: ReadonlyMap<string, cognito.UserPoolClient>;
  readonly domain: cognito.UserPoolDomain;

  constructor(scope: Construct, id: string, { settings }: SignInProps) {
    super(scope, id);
    const { signIn } = settings;
    this.userPool = new cognito.UserPool(this, 'Users', {
      selfSignUpEnabled: false,
      signInAliases: { username: true, email: true },
      signInCaseSensitive: false,
      accountRecovery: cognito.AccountRecovery.EMAIL_ONLY,
      mfa: signIn.mfa === 'required' ? cognito.Mfa.REQUIRED : cognito.Mfa.OPTIONAL,
      mfaSecondFactor: { sms: false, otp: true },
      featurePlan: signIn.threatProtection ? cognito.FeaturePlan.PLUS : cognito.FeaturePlan.ESSENTIALS,
      ...(signIn.threatProtection
        ? { standardThreatProtectionMode: cognito.StandardThreatProtectionMode.FULL_FUNCTION }
        : {}),
      passwordPolicy: {
        minLength: 12,
        requireDigits: true,
        requireLowercase: true,
        requireUppercase: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(3),
      },
      userInvitation: {
        emailSubject: 'Your access to labgate',
        emailBody:
          'You are invited to labgate. Your user name is {username}, your temporary password {####}. It is good for three days; you choose another when you sign in first.',
      },
      deletionProtection: settings.data.onDelete === 'retain',
      removalPolicy: removalPolicy(settings),
    });
    for (const role of ROLES) {
      new cognito.CfnUserPoolGroup(this, role, {
        userPoolId: this.userPool.userPoolId,
        groupName: role,
        description: `${role} at every site; make ${role}@SITE for one site`,
      });
    }

    const scopes = [USER_SCOPE, ...ROLES.map(roleScope)].map(
      (full) =>
        new cognito.ResourceServerScope({
          scopeName: full.slice(RESOURCE_SERVER.length + 1),
          scopeDescription: full === USER_SCOPE ? 'Use the API as a person' : `Act as ${full}`,
        }),
    );
    const server = this.userPool.addResourceServer('Api', { identifier: RESOURCE_SERVER, scopes });
    const scopeOf = (full: string): cognito.OAuthScope => cognito.OAuthScope.custom(full);

    this.domain = this.userPool.addDomain('Domain', {
      cognitoDomain: { domainPrefix: `${signIn.domainPrefix}-${Stack.of(this).account}` },
    });
    // Programs are not disabled, and pay for each token.
    const long = { accessTokenValidity: Duration.hours(1), idTokenValidity: Duration.hours(1) };
    // Below the pool, where it has been since it was first deployed: another place would give it another id.
    this.people = new PeopleClient(this.userPool, 'People', {
      userPool: this.userPool,
      name: 'labgate',
      addresses: signIn.callbackUrls,
    });
    this.people.node.addDependency(server);
    this.programs = new Map(
      settings.programs.map(({ name, role }) => {
        const client = this.userPool.addClient(`Program-${name}`, {
          userPoolClientName: name,
          generateSecret: true,
          enableTokenRevocation: true,
          ...long,
          oAuth: { flows: { clientCredentials: true }, scopes: [scopeOf(roleScope(role))] },
        });
        client.node.addDependency(server);
        return [name, client] as const;
      }),
    );
    this.acknowledge(settings);
  }

  private acknowledge({ signIn, stage }: Settings): void {
    if (signIn.mfa === 'optional') {
      Validations.of(this.userPool).acknowledge({
        id: 'AwsSolutions-COG2',
        reason: `Settings of ${stage} leave the second factor to each person; prod requires it.`,
      });
    }
    if (!signIn.threatProtection) {
      Validations.of(this.userPool).acknowledge({
        id: 'AwsSolutions-COG8',
        reason: `Settings of ${stage} do without the Plus plan, which is paid for each user; prod has it.`,
      });
      Validations.of(this.userPool).acknowledge({
        id: 'AwsSolutions-COG3',
        reason: `Settings of ${stage} do without the Plus plan, which is paid for each user; prod has it.`,
      });
    }
  }
}
