/** What a foreign page loads: `<script type="module" src="https://SERVER/embed/belvedere-camera.js"></script>`. */

export { BelvedereCamera } from './ui/belvedere-camera';
export { Connection } from './core/connection';
