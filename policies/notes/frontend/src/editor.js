// The first script of the editor: mounts it, and leaves everything else to it.
import { mount } from 'svelte';
import './page.css';
import Editor from './Editor.svelte';

mount(Editor, { target: document.getElementById('app') });
