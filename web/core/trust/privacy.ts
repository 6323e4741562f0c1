/**
 * How private a picture is right now. `signed`: straight, both sides checked. `sealed`: by the relay, frames encrypted.
 * `standard`: by the relay, which could watch. `server`: the camera knows no owner, and believes the server.
 */
export type Privacy = 'signed' | 'sealed' | 'standard' | 'server';
