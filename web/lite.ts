/** The client API, all of it that a page needs: list cameras, watch one, hear what happens. */

import { Api } from './core/api';
import { Connection } from './core/connection';
import { CameraEvents } from './core/events';
import type { Camera } from './core/model';
import { isGuest } from './core/sharing';
import type { Quality } from './core/stats';
import { Circle } from './core/trust/circle';
import './ui/belvedere-camera';
import type { BelvedereCamera } from './ui/belvedere-camera';

const MAX_LINES = 200;

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const select = element<HTMLSelectElement>('cameras');
const player = element<BelvedereCamera>('player');
const log = element('log');

function say(...words: unknown[]): void {
  const time = new Date().toLocaleTimeString();
  const line = [time, ...words.map((word) => (typeof word === 'string' ? word : JSON.stringify(word)))].join(
    ' ',
  );
  log.textContent = [line, ...(log.textContent ?? '').split('\n')].slice(0, MAX_LINES).join('\n');
}

// 1. REST: the cookie of this browser signs in; an app passes `() => 'Bearer …'` as second argument.
const api = new Api();
const list = (cameras: Camera[]): void => {
  select.replaceChildren(...cameras.map(({ id, name }) => new Option(name, id)));
  element<HTMLButtonElement>('watch').disabled = cameras.length === 0;
};

// 2. Who this browser is to the cameras: until that is known, none of them is watched.
const connection = new Connection();
let circle: Circle | null = null;
connection.credentialsOf = (camera) => (circle ? circle.credentials(camera) : 'stranger');
player.connectTo = connection;

async function begin(): Promise<void> {
  const { id } = await api.me();
  const own = (circle = await Circle.open(id, api.trust, () => Math.floor(Date.now() / 1000)));
  own.addEventListener('change', () => connection.trustChanged([]));
  connection.start();
  const cameras = await api.cameras();
  list(cameras);
  await own.catchUp();
  for (const camera of cameras) {
    if (own.needs(camera.id, isGuest(camera))) await own.refresh(camera.id);
  }
}
begin().catch((error: unknown) => say(String(error)));

// 3. The event stream: every change of a camera.
const events = new CameraEvents(api);
events.addEventListener('camera', (event) => {
  const { name, online, state } = (event as CustomEvent<Camera>).detail;
  say('camera', { name, online, state });
});
events.addEventListener('ended', () => say('signed out'));
events.start();

// 4. Watching: one element. `player.viewer` is the running session, for those who want more.
for (const type of ['firstframe', 'statechange']) {
  player.addEventListener(type, (event) => say(type, (event as CustomEvent).detail));
}
player.addEventListener('quality', (event) => {
  const { way, roundTrip } = (event as CustomEvent<Quality>).detail;
  const ping = roundTrip === null ? '' : `, ${roundTrip.toFixed(0)} ms`;
  // `via` is what the server decided; `way` also tells TURN from direct.
  element('via').textContent = `via ${player.viewer?.via ?? '–'} (${way ?? '–'}${ping})`;
});
element('choice').addEventListener('submit', (event) => {
  event.preventDefault();
  player.camera = select.value;
});
element('leave').addEventListener('click', () => (player.camera = ''));
