/**
 * Whether a picture moves: by what has arrived, and by how much of it the browser has decoded. Who leaves pictures out on the
 * way stops a decoder until the next key frame, while all that he passes on is good. Pure.
 */
export class Motion {
  private arrived = -1;
  private decoded = -1;

  /** True where both numbers are others than when it was true last. `decoded` null: arriving is enough. */
  moves(arrived: number | null, decoded: number | null): boolean {
    if (arrived === null || arrived === this.arrived || decoded === this.decoded) return false;
    this.arrived = arrived;
    this.decoded = decoded ?? this.decoded;
    return true;
  }
}
