import{i as a,j as b}from"./chunk-U3FHC5IM.js";export{a as Under,b as createViewer};
