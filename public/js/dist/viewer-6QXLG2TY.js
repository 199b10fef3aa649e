import{n as a,o as b,p as c}from"./chunk-QCYPUYOG.js";import"./chunk-SLP6SUCR.js";export{a as Layers,b as Under,c as createViewer};
