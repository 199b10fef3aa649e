import{j as a,k as b}from"./chunk-FDOVWVL4.js";export{a as Under,b as createViewer};
