// The first script of the preview: mounts it, and leaves everything else to it.
import { mount } from 'svelte';
import './page.css';
import Preview from './Preview.svelte';

mount(Preview, { target: document.getElementById('app') });
