import{j as a,k as b}from"./chunk-ZWJ4CVG7.js";import"./chunk-FKBLOAEK.js";import"./chunk-74V2G5BH.js";import"./chunk-NRBINWNP.js";export{a as Under,b as createViewer};
