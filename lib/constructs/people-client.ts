/** What the clients of people have in common: the command line's, and the page's. */
import { Duration } from 'aws-cdk-lib';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import type { Construct } from 'constructs';
import { USER_SCOPE } from '../../contracts/roles.ts';

export interface PeopleClientProps {
  readonly userPool: cognito.IUserPool;
  readonly name: string;
  /** Where a browser is sent back to, signed in or signed out. */
  readonly addresses: string[];
}

/** A public client: authorization code with PKCE, as there is no secret, and a refresh token. */
export class PeopleClient extends cognito.UserPoolClient {
  constructor(scope: Construct, id: string, { userPool, name, addresses }: PeopleClientProps) {
    super(scope, id, {
      userPool,
      userPoolClientName: name,
      generateSecret: false,
      preventUserExistenceErrors: true,
      enableTokenRevocation: true,
      // API Gateway looks at a token's signature and end alone. So the rights of whoever is disabled, or loses a role,
      // end with the last token: the shortest that Cognito gives.
      accessTokenValidity: Duration.minutes(5),
      idTokenValidity: Duration.minutes(5),
      refreshTokenValidity: Duration.hours(12),
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes: [cognito.OAuthScope.OPENID, cognito.OAuthScope.custom(USER_SCOPE)],
        callbackUrls: addresses,
        logoutUrls: addresses,
      },
    });
  }
}
